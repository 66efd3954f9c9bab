"""What a developer or evaluator runs and a firm never installs."""
