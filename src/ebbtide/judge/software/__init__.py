"""What answers say of the software behind them: banners to products, families and versions."""
