"""What the outcomes of rules come to: the meaning of priorities, of restriction, and of not knowing."""
