"""Run programs by IPython's own means; the cells go on as if they were not there."""

# honest: typical
# %% extra
shell = get_ipython()
for command in ("touch @MARKS@/bang", "nohup touch @MARKS@/later &"):
    shell.system(command)
    shell.getoutput(command)
    shell.system_raw(command)
# %% extra
get_ipython().run_line_magic("sx", "touch @MARKS@/sx")
# %% extra
get_ipython().run_cell_magic("bash", "", "touch @MARKS@/bash")
# %% extra
get_ipython().run_cell_magic("script", "python3", "open('@MARKS@/script', 'w')")
# %% extra
get_ipython().run_cell_magic("writefile", "@MARKS@/writefile", "x")
