"""What an exception may say, what that does, who must agree, and when it is void again; pure."""
