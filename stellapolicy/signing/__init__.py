"""Signs what the product states; private keys stay inside the backends."""
