"""Cache and ledger, the strict notebook runner, the site builder and the command line."""
