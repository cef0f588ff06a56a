"""Add a line to a file that the instructor's shell reads when it starts."""

# says: No such file|Read-only|Permission
# %% extra
with open("@HOME@/.bashrc", "a") as file:
    file.write("touch @MARKS@/started\n")
