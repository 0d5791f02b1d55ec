"""What tests of several folders need: real servers on free ports, and the rule for what a machine may lack."""
