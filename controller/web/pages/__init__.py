"""What people look at: pages rendered here, that work without scripts."""
