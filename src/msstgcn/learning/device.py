"""Where the network runs."""

from msstgcn.devices import DEVICES, device

__all__ = ["DEVICES", "device"]
