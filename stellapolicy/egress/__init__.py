"""The one way out: outbound clients, who may be called, and whether anybody may."""
