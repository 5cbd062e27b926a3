/** For servers whose data nobody will miss: a crash of the machine may corrupt them. Never for a test of durability. */
export const fastSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
};
