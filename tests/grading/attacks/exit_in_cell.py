"""Leave the process by every polite way in a cell; what was honest elsewhere still counts."""

# honest: typical
# %% extra
import sys

sys.exit(0)
# %% extra
raise SystemExit("enough")
# %% extra
quit()
# %% extra
raise KeyboardInterrupt
# %% extra
raise GeneratorExit
