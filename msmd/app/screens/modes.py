import streamlit as st

st.title("modes")
