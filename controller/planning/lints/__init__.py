"""What a farm holds against a recipe, rule by rule: pure, each finding with its reason."""
