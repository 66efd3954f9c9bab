from . import actionstep_detail_upload
