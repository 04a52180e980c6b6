"""Two people: approval requests, quorum, and the settings that stand behind them."""
