"""The panels without a browser, and the thinking behind them without a panel."""
