"""The key ring of every process that tests start."""

KEY_RING = "MzIgYnl0ZXMsIGZvciB0ZXN0cyBhbmQgbm8gbW9yZSE="
