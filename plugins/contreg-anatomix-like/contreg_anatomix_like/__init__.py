"""A loss in the space of features that were trained by contrast on synthetic volumes alone."""
