"""From trained weights to registrations: load a model, register one pair, evaluate many, propagate labels."""
