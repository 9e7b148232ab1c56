"""Files/config.yaml, written from the settings' own declarations: the demo, and every setting there is.

To write the file anew: ``python -m pv_heater.commands.example > Files/config.yaml``.
"""
