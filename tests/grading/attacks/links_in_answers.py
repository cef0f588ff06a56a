"""A link in the answer that a person reads, which runs code in the reader's browser when clicked."""
# %% [markdown] parroting
# My answer: [see my figure](javascript:alert(document.cookie)), and [another][a], [one](  JaVaScRiPt:alert(1) "t").
# [again](java&#115;cript:alert(1)) [more](&#x6A;avascript:alert(1)) [data](data:text/html;base64,PHNjcmlwdD4=)
#
# [a]: javascript:alert(2)
