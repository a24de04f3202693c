"""What finds levels, spreads and shares in a noisy picture."""
