"""The clock asks: one loop that looks at what is and at what should be."""
