"""Who gets a lead that nobody owns: by the rules of the company's policy, with the reasons kept."""
