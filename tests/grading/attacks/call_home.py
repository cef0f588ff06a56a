"""Ask the machine that grades for a page, by the shortest way."""

# %% extra
import urllib.request

raise RuntimeError("LOOT: " + urllib.request.urlopen("http://127.0.0.1:@PORT@/", timeout=1).reason)
