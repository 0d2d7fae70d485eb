"""Components each broken in one way, beside a sound one of every kind; ``breaks`` names the law that must say so."""
