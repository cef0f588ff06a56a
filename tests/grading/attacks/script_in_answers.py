"""HTML in the answer that a person reads, in added cells of words, in code and comments."""

# %% extra
x = "<script>alert(1)</script></pre><svg onload=alert(1)>"
# %% [markdown] extra
# <script>alert(1)</script>
# <IMG SRC=x onerror=alert(1)> <!-- --!> <iframe src="javascript:alert(1)"></iframe>
# %% [markdown] parroting
# <script src="//example.org/x.js"></script><svg/onload=alert(1)>
# \<script>alert(1)</script> <style>*{display:none}</style> <a href="javascript:alert(1)">x</a>
# `<script>` <?php ?> <![CDATA[ ]]> <details open ontoggle=alert(1)>
# <details ontoggle=alert(1) open><summary onclick=alert(1)>x</summary></details> <details><script>x</script>
