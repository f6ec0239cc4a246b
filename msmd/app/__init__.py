"""The explorer: the only part of the package that knows Streamlit."""
