"""MONAI's registration losses and networks as components of contreg."""
