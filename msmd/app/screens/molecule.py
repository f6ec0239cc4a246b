import streamlit as st

st.title("molecule")
