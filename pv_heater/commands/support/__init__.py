"""`main.py support`: what somebody who helps has to see, in one file, without what is nobody's business."""
