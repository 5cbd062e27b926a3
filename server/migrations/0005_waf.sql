-- What the WAF does for each organization and tenant, and what it lets pass for a while.
SELECT 1;
