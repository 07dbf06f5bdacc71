"""What does this message mean? What a run says here, and what PyTorch was heard to say."""
