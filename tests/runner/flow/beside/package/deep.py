from . import deeper

DEEPER = deeper
