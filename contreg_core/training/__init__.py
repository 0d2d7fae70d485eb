"""Training: pairs, augmentation, schedule, the loop, checkpoints, the run folder."""
