"""contreg's own models: encoders, decoders, warpers, losses and recipes, brought in by the plugin door."""
