"""The fault suite: real processes are killed while real clients retry; afterwards the books must be right."""
