"""The chapter on vanishing gradients."""
