"""Speed as ratios: two things measured side by side in one run, with query counts beside them."""
