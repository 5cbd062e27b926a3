-- API keys: where from they may be used, when they were used last, rotation; short-lived credentials.
SELECT 1;
