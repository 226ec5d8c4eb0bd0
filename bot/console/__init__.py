"""`/console`: decisions for managers, labels for trainers, connections for operators. A page per file, on NiceGUI.

Start at `frame.py` (what every page looks like) and `access.py` (who may open what); `mount.py` puts it onto the server.
"""
