"""The published method and its peers, written from their papers, small and in one style.

All of them predict what their papers predict, the heavy atoms; hydrogens follow as rigid parts of their surroundings
(``hydrogens``).  ``Peer`` holds what they share.
"""
