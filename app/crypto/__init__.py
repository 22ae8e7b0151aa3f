"""Every cryptographic mechanism, and the only importer of the libraries behind them."""
