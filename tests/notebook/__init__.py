"""The package as notebooks use it: real kernels, headless runners, the terminal. No browser."""
