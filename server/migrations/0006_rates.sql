-- Rates that all processes share.
SELECT 1;
