"""Alignment: from a model that continues text to one that answers as people wish, scored against the optimum.

Read in this order:

    sft.py            conversations, the loss mask, supervised fine-tuning
    answers.py        all answers that may be given, as a tree
    policy.py         a network that keeps to them: what it answers, and its chances of each, exactly
    optimum.py        the best trade of reward against distance, and best of n
    advantages.py     how much better than expected: groups, and token by token
    policy_losses.py  REINFORCE, PPO's clipped loss, estimates of a distance
    by_trial.py       the whole of REINFORCE, PPO and GRPO
    chain.py          the guest house's network, from pre-training on
"""
