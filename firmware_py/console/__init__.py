"""The operator's page: what is on air, what is heard, what is wrong, and one big button. Sound never depends on it."""
