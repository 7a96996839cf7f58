"""The side-by-side measurements. See bench/README.md."""
