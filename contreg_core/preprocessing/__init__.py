"""From a loaded scan to what the cache holds: resample, crop or pad, standardise; the affine goes along."""
