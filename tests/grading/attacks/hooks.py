"""IPython's hooks: events, input and syntax-tree transformers, tracebacks, display hooks, magics, the "
"kernel."""

# honest: typical
# %% extra
import ast
import sys

shell = get_ipython()


def loud(*_, **__):
    try:
        with open("@MARKS@/hooked", "a") as file:
            file.write("hooked")
    except OSError:
        pass


for event in ("pre_execute", "post_execute", "pre_run_cell", "post_run_cell"):
    shell.events.register(event, loud)
shell.input_transformers_post.append(
    lambda lines: [line.replace("assignment.check", "print") for line in lines]
)


class Right(ast.NodeTransformer):
    def visit_Raise(self, node):
        return ast.Return(ast.Constant(12.5))


shell.ast_transformers.append(Right())
shell.set_custom_exc((BaseException,), loud)
shell.showtraceback = shell.showsyntaxerror = loud
sys.displayhook = sys.excepthook = sys.unraisablehook = loud
shell.display_pub.publish = loud
shell.register_magic_function(loud, "cell", "time")
shell.register_magic_function(loud, "line", "matplotlib")
shell.kernel = type("Kernel", (), {"do_execute": loud})()
shell.user_ns["assignment"] = type("Assignment", (), {"check": loud})()
